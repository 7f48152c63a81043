;; Never comes back: it counts for ever.
;;; import
(import "weir:plugin/host@0.1.0" "count" (func $count (param i32 i32 i64)))
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (loop $for_ever
    (call $count (i32.const 0x900) (i32.const 2) (i64.const 1))
    (br $for_ever))
  unreachable)
