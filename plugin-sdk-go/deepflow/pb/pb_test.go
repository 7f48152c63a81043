package pb

import "testing"

func TestMessages(t *testing.T) {
	// Fields that are not known are stepped over: a number, 64 bits, 32 bits.
	data := []byte("\x20\x96\x01\x29abcdefgh\x35abcd")
	data = AppendBytes(AppendBytes(AppendBytes(data, 1, []byte("s")), 2, nil), 3, []byte("p"))
	var nats NatsMessage
	if err := nats.UnmarshalVT(data); err != nil || nats.GetSubject() != "s" || nats.GetReplyTo() != "" || string(nats.GetPayload()) != "p" {
		t.Error(nats, err)
	}
	var zmtp ZmtpMessage
	if err := zmtp.UnmarshalVT([]byte("\x0a\x01x\x12\x02yz")); err != nil || zmtp.GetMatchPattern() != "x" || string(zmtp.GetPayload()) != "yz" {
		t.Error(zmtp, err)
	}
	if err := zmtp.UnmarshalVT(nil); err != nil || zmtp.GetMatchPattern() != "" {
		t.Error(zmtp, err)
	}
	for length := range data {
		_ = nats.UnmarshalVT(data[:length])
		_ = zmtp.UnmarshalVT(data[:length])
	}
	for _, damaged := range []string{"\x0a", "\x0a\x05abc", "\x0b", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"} {
		if nats.UnmarshalVT([]byte(damaged)) == nil {
			t.Errorf("%q", damaged)
		}
	}
}
