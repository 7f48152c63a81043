;; Does not export its memory.
;;; memory
(memory 4)
(global $top (mut i32) (i32.const 0x10000))
