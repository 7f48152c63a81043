;; Never comes back: it fills its whole memory again and again, one long instruction each time.
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (drop (memory.grow (i32.const 1000)))
  (loop $for_ever
    (memory.fill (i32.const 0) (i32.const 0) (i32.mul (memory.size) (i32.const 0x10000)))
    (br $for_ever))
  unreachable)
