;; 100 counters with two letters, the letters their number; one with a name that is too long.
;;; import
(import "weir:plugin/host@0.1.0" "count" (func $count (param i32 i32 i64)))
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (local $left i32)
  (local.set $left (i32.const 100))
  (call $count (i32.const 0x900) (i32.const 65) (i64.const 1))
  (loop $more
    (i32.store8 (i32.const 0x1000) (i32.add (i32.const 0x61) (i32.rem_u (local.get $left) (i32.const 10))))
    (i32.store8 (i32.const 0x1001) (i32.add (i32.const 0x61) (i32.div_u (local.get $left) (i32.const 10))))
    (call $count (i32.const 0x1000) (i32.const 2) (i64.const 3))
    (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
  (global.set $top (i32.const 0x10000))
  (i32.const 0x400))
