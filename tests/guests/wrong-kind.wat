;; Its process is a number.
;;; process
(global (export "weir:plugin/parser@0.1.0#process") i32 (i32.const 7))
