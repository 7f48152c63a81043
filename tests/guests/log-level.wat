;; A log level that does not exist.
;;; import
(import "weir:plugin/host@0.1.0" "log" (func $log (param i32 i32 i32)))
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (call $log (i32.const 4) (i32.const 0x900) (i32.const 2))
  (i32.const 0x400))
