;; Has no cabi_realloc.
;;; realloc
