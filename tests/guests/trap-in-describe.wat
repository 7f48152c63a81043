;; Traps in describe.
;;; describe
(func $describe (export "weir:plugin/parser@0.1.0#describe") (result i32)
  unreachable)
