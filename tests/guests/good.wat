;;; import
;;; memory
(memory (export "memory") 4)
(global $top (mut i32) (i32.const 0x10000))
;;; manifest
;; name, version, protocols, signatures: address and length each
(data (i32.const 0x200) "\40\02\00\00\05\00\00\00" "\48\02\00\00\05\00\00\00" "\50\02\00\00\01\00\00\00" "\60\02\00\00\01\00\00\00")
(data (i32.const 0x240) "guest\00\00\001.0.0\00\00\00")
(data (i32.const 0x250) "\80\02\00\00\05\00\00\00")
;; TCP, offset 0, any of one, no ports
(data (i32.const 0x260) "\00\00\00\00\00\00\00\00" "\90\02\00\00\01\00\00\00" "\02\00\00\00\00\00\00\00")
(data (i32.const 0x280) "Guest\00\00\00\00\00\00\00\00\00\00\00" "\a0\02\00\00\04\00\00\00")
(data (i32.const 0x2a0) "EVIL")
;;; answer
;; messages, fields, attributes, progress: address and length each
(data (i32.const 0x400) "\00\05\00\00\01\00\00\00" "\00\06\00\00\02\00\00\00" "\00\07\00\00\01\00\00\00" "\00\08\00\00\00\00\00\00")
;; connection 0, client to server, request, whole, no status, protocol 0, 2 fields, 1 attribute
(data (i32.const 0x500) "\00\00\00\00" "\00\00\00\00" "\00\00" "\02\00" "\01\00" "\00\00")
;; no correlation, from 0 to 4
(data (i32.const 0x510) "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00" "\04\00\00\00\00\00\00\00")
;; request-type: arena[0..4]; request-resource: the text "hi"
(data (i32.const 0x600) "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00" "\00\00\00\00\04\00\00\00")
(data (i32.const 0x618) "\02\00\00\00\00\00\00\00" "\01\00\00\00\00\00\00\00" "\00\09\00\00\02\00\00\00")
;; "k" is 7
(data (i32.const 0x700) "\08\09\00\00\01\00\00\00" "\02\00\00\00\00\00\00\00" "\07\00\00\00\00\00\00\00")
;; of event 1: going, need 0, resume at 4; not in the list
(data (i32.const 0x800) "\01\00\00\00" "\00\00\00\00" "\00\00\00\00\00\00\00\00" "\04\00\00\00\00\00\00\00")
(data (i32.const 0x900) "hi\00\00\00\00\00\00k")
;;; realloc
(func $realloc (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
  (local $address i32)
  (local.set $address
    (i32.and
      (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
  (global.set $top (i32.add (local.get $address) (local.get $size)))
  (loop $more
    (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 0x10000)))
      (then
        (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
        (br $more))))
  (local.get $address))
;;; describe
(func $describe (export "weir:plugin/parser@0.1.0#describe") (result i32)
  (i32.const 0x200))
;;; check
(func $check (export "weir:plugin/parser@0.1.0#check") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
  (global.set $top (i32.const 0x10000))
  (i32.const 2))
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param $arena i32) (param $arena_length i32) (param $flows i32) (param $flow_count i32) (param $events i32) (param $event_count i32) (result i32)
  (global.set $top (i32.const 0x10000))
  (i32.const 0x400))
