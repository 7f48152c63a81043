;; Never comes back from cabi_realloc.
;;; realloc
(func $realloc (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
  (loop $for_ever (br $for_ever))
  unreachable)
