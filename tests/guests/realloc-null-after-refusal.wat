;; Asks for more than it may have and answers 0: an allocator without memory.
;;; realloc
(func $realloc (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
  (drop (memory.grow (i32.const 60000)))
  (i32.const 0))
