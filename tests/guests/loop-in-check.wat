;; Never comes back from check.
;;; check
(func $check (export "weir:plugin/parser@0.1.0#check") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (loop $for_ever (br $for_ever))
  unreachable)
