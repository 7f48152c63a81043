;; A log line that does not lie in its memory.
;;; import
(import "weir:plugin/host@0.1.0" "log" (func $log (param i32 i32 i32)))
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (call $log (i32.const 0) (i32.const 0xffffff00) (i32.const 0x200))
  (i32.const 0x400))
