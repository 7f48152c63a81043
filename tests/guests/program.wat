;; A program, not a library.
;;; start
(func (export "_start"))
