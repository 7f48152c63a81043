;; Wants something that no plugin is given.
;;; import
(import "env" "open_file" (func (param i32) (result i32)))
