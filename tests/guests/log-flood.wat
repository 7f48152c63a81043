;; 1,000 log lines in each call, and one that is long.
;;; import
(import "weir:plugin/host@0.1.0" "log" (func $log (param i32 i32 i32)))
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (local $left i32)
  (local.set $left (i32.const 1000))
  (call $log (i32.const 1) (i32.const 0x1000) (i32.const 0x8000))
  (loop $more
    (call $log (i32.const 3) (i32.const 0x900) (i32.const 2))
    (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
  (global.set $top (i32.const 0x10000))
  (i32.const 0x400))
