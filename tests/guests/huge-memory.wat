;; Wants 128 MiB from the start.
;;; memory
(memory (export "memory") 2048)
(global $top (mut i32) (i32.const 0x10000))
