;; Takes memory until it is refused and lives with it.
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
  (global.set $top (i32.const 0x10000))
  (i32.const 0x400))
