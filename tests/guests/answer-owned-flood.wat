;; 1,000 texts of 64 KiB each, all of them the same bytes.
;;; answer
(data (i32.const 0x400) "\00\05\00\00\01\00\00\00" "\00\00\02\00\e8\03\00\00" "\00\07\00\00\00\00\00\00" "\00\08\00\00\00\00\00\00")
(data (i32.const 0x50a) "\e8\03")
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (local $at i32)
  (local.set $at (i32.const 0x20000))
  (loop $more
    (i32.store8 offset=8 (local.get $at) (i32.const 1))
    (i32.store offset=16 (local.get $at) (i32.const 0x30000))
    (i32.store offset=20 (local.get $at) (i32.const 0x10000))
    (local.set $at (i32.add (local.get $at) (i32.const 24)))
    (br_if $more (i32.lt_u (local.get $at) (i32.const 0x26000))))
  (global.set $top (i32.const 0x10000))
  (i32.const 0x400))
