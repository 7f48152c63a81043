;; Has no process.
;;; process
