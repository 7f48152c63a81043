;; Takes a function of the host for another one.
;;; import
(import "weir:plugin/host@0.1.0" "log" (func (param i32) (result i32)))
