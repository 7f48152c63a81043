package weir

import "weir.dev/plugin-sdk-go/abi"

// Observer runs one hook over the subjects of a call. Authors need it only in tests, through package weirtest.
type Observer struct {
	wanted  func() Interest
	observe func(*Subject, *Patch) Action
	lists   Patches
	// Kept here so that nothing is allocated for a subject.
	subject Subject
	patch   Patch
}

// ObserveHttp runs an HttpHook.
func ObserveHttp(hook HttpHook) *Observer {
	return newObserver(hook.Wanted, func(subject *Subject, patch *Patch) Action {
		if subject.Direction() == ClientToServer {
			return hook.Request(subject, patch)
		}
		return hook.Response(subject, patch)
	})
}

// ObserveMessages runs a MessageHook.
func ObserveMessages(hook MessageHook) *Observer { return newObserver(hook.Wanted, hook.Message) }

// ObserveSessions runs a SessionHook.
func ObserveSessions(hook SessionHook) *Observer { return newObserver(hook.Wanted, hook.Session) }

func newObserver(wanted func() Interest, observe func(*Subject, *Patch) Action) *Observer {
	return &Observer{wanted: wanted, observe: observe, lists: newPatches()}
}

// Wanted asks the hook what it wants to be shown.
func (o *Observer) Wanted() Interest { return o.wanted() }

// Observe asks the hook about each subject. Counts that do not fit the lists end the call. The answer is good until the next call.
func (o *Observer) Observe(
	arena []byte, subjects []abi.Subject, fields []abi.Field, attributes []abi.KnownAttribute,
) *Patches {
	o.lists.begin(arena)
	for index := range subjects {
		record := &subjects[index]
		if int(record.Fields) > len(fields) || int(record.Attributes) > len(attributes) {
			break
		}
		o.subject = Subject{
			record: record, arena: arena,
			fields: fields[:record.Fields], attributes: attributes[:record.Attributes],
		}
		fields, attributes = fields[record.Fields:], attributes[record.Attributes:]
		o.patch = Patch{lists: &o.lists, record: abi.Patch{Subject: uint32(index)}}
		o.patch.record.Action = uint8(o.observe(&o.subject, &o.patch))
		if o.patch.isChange() {
			o.lists.Patches = append(o.lists.Patches, o.patch.record)
		}
	}
	o.subject, o.lists.arena = Subject{}, nil
	return &o.lists
}
