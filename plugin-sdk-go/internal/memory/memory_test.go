package memory

import (
	"testing"

	"weir.dev/plugin-sdk-go/abi"
)

func TestArgumentsOfOneCallDoNotOverlap(t *testing.T) {
	var a Arena
	type placed struct{ address, size uintptr }
	for call := range 200 {
		var all []placed
		for i := range uintptr(5) {
			size := (uintptr(call)*7919 + i*104729) % (300 << 10)
			align := uintptr(1) << (i % 4)
			address := a.Place(size, align)
			if address%align != 0 {
				t.Fatalf("%x is not aligned to %d", address, align)
			}
			if size == 0 {
				continue
			}
			bytes := a.Bytes(address, size)
			if uintptr(len(bytes)) != size {
				t.Fatalf("%d bytes of %d", len(bytes), size)
			}
			bytes[0], bytes[size-1] = byte(i), byte(i)
			for _, p := range all {
				if address < p.address+p.size && p.address < address+size {
					t.Fatal("two lists in one place")
				}
			}
			all = append(all, placed{address, size})
		}
		a.Reset()
	}
	if len(a.chunks) != 1 || a.total() > 8<<20 {
		t.Errorf("%d buffers of %d bytes are kept", len(a.chunks), a.total())
	}
	if n := testing.AllocsPerRun(100, func() {
		a.Place(1<<20, 8)
		a.Place(3, 1)
		a.Reset()
	}); n != 0 {
		t.Errorf("%v allocations for what fits", n)
	}
}

func TestOnlyWhatIsInside(t *testing.T) {
	var a Arena
	if a.Bytes(8, 1) != nil {
		t.Error("nothing was placed")
	}
	at := a.Place(16, 8)
	size := a.chunks[0].size()
	for _, c := range [][2]uintptr{{at - 1, 1}, {at + size, 1}, {at, size + 1}, {at + size - 1, 2}, {0, 1}, {^uintptr(0), 2}, {at, ^uintptr(0)}} {
		if a.Bytes(c[0], c[1]) != nil {
			t.Errorf("%x+%x is not inside", c[0], c[1])
		}
	}
	if len(Records[abi.Field](&a, at, 2)) != 2 || Records[abi.Field](&a, at+1, 1) != nil || Records[abi.Field](&a, at, ^uintptr(0)) != nil {
		t.Error("records are aligned and inside")
	}
	if Records[abi.Field](&a, 8, 0) != nil || Address([]byte(nil)) != 8 {
		t.Error("an empty list has no place")
	}
}
