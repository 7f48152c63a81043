;; A memory with 64-bit addresses.
;;; memory
(memory (export "memory") i64 4)
(global $top (mut i32) (i32.const 0x10000))
;;; realloc
(func $realloc (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
  unreachable)
