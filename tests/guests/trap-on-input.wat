;; Traps when the arena begins with a capital X, else is fine.
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (if (local.get $arena_length)
    (then (if (i32.eq (i32.load8_u (local.get $arena)) (i32.const 0x58)) (then unreachable))))
  (global.set $top (i32.const 0x10000))
  (i32.const 0x400))
