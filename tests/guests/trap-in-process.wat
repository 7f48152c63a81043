;; Traps in every call of process.
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (call $innermost)
  (i32.const 0x400))
(func $innermost unreachable)
