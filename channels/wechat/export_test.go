package wechat

// Idle waits until nothing runs beside the callers. Nobody may call while it waits.
func (c *Channel) Idle() { c.work.Wait() }
