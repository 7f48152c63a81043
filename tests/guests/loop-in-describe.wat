;; Never comes back from describe.
;;; describe
(func $describe (export "weir:plugin/parser@0.1.0#describe") (result i32)
  (loop $for_ever (br $for_ever))
  unreachable)
