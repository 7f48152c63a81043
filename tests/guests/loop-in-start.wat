;; Never comes back from its start function.
;;; start
(func $start (loop $for_ever (br $for_ever)))
(start $start)
