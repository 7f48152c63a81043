;; Its process takes five parameters.
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param i32 i32 i32 i32 i32) (result i32) unreachable)
