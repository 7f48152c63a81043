;; Consumes nothing, ever. No fault: the pipeline decides how long it keeps bytes.
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (local $index i32) (local $event i32) (local $progress i32)
  (local.set $progress (i32.const 0x20000))
  (loop $next
    (if (i32.lt_u (local.get $index) (local.get $event_count))
      (then
        (local.set $event (i32.add (local.get $events) (i32.mul (local.get $index) (i32.const 40))))
        (if (i32.eq (i32.load8_u (local.get $event)) (i32.const 1))
          (then
            (i32.store (local.get $progress) (local.get $index))
            (i64.store offset=4 align=4 (local.get $progress) (i64.const 0))
            (i64.store offset=16 (local.get $progress) (i64.load offset=24 (local.get $event)))
            (local.set $progress (i32.add (local.get $progress) (i32.const 24)))))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (br $next))))
  (i32.store (i32.const 0x404) (i32.const 0))
  (i32.store (i32.const 0x40c) (i32.const 0))
  (i32.store (i32.const 0x414) (i32.const 0))
  (i32.store (i32.const 0x418) (i32.const 0x20000))
  (i32.store (i32.const 0x41c) (i32.div_u (i32.sub (local.get $progress) (i32.const 0x20000)) (i32.const 24)))
  (global.set $top (i32.const 0x10000))
  (i32.const 0x400))
