;; Calls itself until the stack ends.
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (i32.add (i32.const 1)
    (call $process (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5))))
