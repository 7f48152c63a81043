package payload

import (
	"bytes"
	"math"
	"testing"
)

func TestReaderSaysHowMuchIsMissing(t *testing.T) {
	r := NewReader([]byte{0, 1, 2})
	if r.U16() != 1 || r.Short() != 0 {
		t.Error("two bytes are there")
	}
	if r.U32(); r.Short() != 3 || r.Needed() != 6 {
		t.Errorf("three are missing, it says %d", r.Short())
	}
	if !bytes.Equal(r.Rest(), []byte{2}) {
		t.Error("a failed step takes nothing")
	}
	if r.U8(); r.Position() != 2 || r.Short() != 3 {
		t.Error("behind a failed step all fail")
	}
	for _, n := range []int{-1, math.MinInt, math.MaxInt} {
		r := NewReader([]byte{1})
		if r.Take(n) != nil || r.Short() <= 0 {
			t.Errorf("Take(%d)", n)
		}
	}
}

func TestReaderUntilTakesTheEndButDoesNotGiveIt(t *testing.T) {
	r := NewReader([]byte("ab\x00c"))
	if string(r.TakeUntil(0)) != "ab" || string(r.Rest()) != "c" {
		t.Error("up to the zero")
	}
	if r.TakeUntil(0); r.Short() != 1 || string(r.Rest()) != "c" {
		t.Error("there is no further zero")
	}
}

func TestReaderIntegers(t *testing.T) {
	b := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	for _, c := range []struct {
		read func(*Reader) uint64
		want uint64
	}{
		{func(r *Reader) uint64 { return uint64(r.U8()) }, 1},
		{func(r *Reader) uint64 { return uint64(r.U16()) }, 0x102},
		{func(r *Reader) uint64 { return uint64(r.U16Le()) }, 0x201},
		{func(r *Reader) uint64 { return uint64(r.U32()) }, 0x1020304},
		{func(r *Reader) uint64 { return uint64(r.U32Le()) }, 0x4030201},
		{(*Reader).U64, 0x102030405060708},
		{(*Reader).U64Le, 0x807060504030201},
	} {
		r := NewReader(b)
		if got := c.read(&r); got != c.want {
			t.Errorf("%x, want %x", got, c.want)
		}
		empty := NewReader(nil)
		if c.read(&empty) != 0 || empty.Short() == 0 {
			t.Error("nothing is there")
		}
	}
}
