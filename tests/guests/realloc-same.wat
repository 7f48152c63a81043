;; Answers the same address for every list: they overwrite one another, which harms nobody else.
;;; realloc
(func $realloc (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
  (i32.const 0x10000))
