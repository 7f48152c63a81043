;; Divides by zero in every call of check.
;;; check
(func $check (export "weir:plugin/parser@0.1.0#check") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (i32.div_u (i32.const 1) (i32.const 0)))
