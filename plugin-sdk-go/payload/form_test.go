package payload

import "testing"

func find(form, name string) (string, bool) {
	var buffer []byte
	pairs := Form([]byte(form))
	for pairs.Next() {
		if pairs.IsName(name) {
			return string(FormText(pairs.Value(), &buffer)), true
		}
	}
	return "", false
}

func TestForm(t *testing.T) {
	for _, c := range []struct{ form, name, want string }{
		{"a=1&b=2", "b", "2"},
		{"a=1&a=2", "a", "1"},
		{"a=", "a", ""},
		{"x&a=1=2", "a", "1=2"},
		{"%61%=x", "a%", "x"},
		{"a=%e4%B8%ad+b%", "a", "中 b%"},
		{"a=%4", "a", "%4"},
		{"a=%zz%41", "a", "%zzA"},
	} {
		if got, found := find(c.form, c.name); !found || got != c.want {
			t.Errorf("%s: %q", c.form, got)
		}
	}
	for _, form := range []string{"", "&", "=", "a", "aa=1", "b=a=1", "see a=1", "<a=1", "b=\x00&a=1", "%6=1"} {
		if got, found := find(form, "a"); found {
			t.Errorf("%q has no a, but %q", form, got)
		}
	}
	bad := Form([]byte("a=1&b= &c=1"))
	for bad.Next() {
	}
	if !bad.IsBad() {
		t.Error("a blank is bad")
	}
	pairs := Form([]byte("a=1&b=2"))
	if pairs.Next(); pairs.IsLast() {
		t.Error("b comes")
	}
	if pairs.Next(); !pairs.IsLast() {
		t.Error("nothing comes")
	}
}
