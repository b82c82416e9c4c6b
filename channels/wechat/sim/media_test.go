package sim_test

import (
	"bytes"
	"net/url"
	"testing"
	"time"

	"faqbot/channels/wechat/sim"
)

func TestUpload(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	jpeg := func(size int) []byte { return append([]byte("\xff\xd8\xff\xe0"), make([]byte, size-4)...) }
	for _, test := range []struct {
		name, kind, field string
		content           []byte
		want              int
	}{
		{"a picture", "image", "media", png(100), 0}, {"2 MB", "image", "media", png(2 << 20), 0}, {"more", "image", "media", png(2<<20 + 1), 40006},
		{"a text as a picture", "image", "media", []byte("hello"), 40005}, {"another field", "image", "file", png(100), 41005}, {"nothing", "image", "media", nil, 41005},
		{"a strange kind", "poem", "media", png(100), 40004}, {"a voice", "voice", "media", []byte("#!AMR\nabc"), 0}, {"a picture as a voice", "voice", "media", png(100), 40005},
		{"a thumb", "thumb", "media", jpeg(64 << 10), 0}, {"a large thumb", "thumb", "media", jpeg(64<<10 + 1), 40006}, {"a PNG as a thumb", "thumb", "media", png(100), 40005},
		{"a video", "video", "media", []byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), 0}, {"a picture as a video", "video", "media", png(100), 40005},
	} {
		o := b.upload(test.kind, test.field, test.content)
		if o.Code != test.want {
			t.Errorf("%s: %d, want %d", test.name, o.Code, test.want)
		}
		if id := o.MediaID + o.ThumbID; id != "" != (test.want == 0) {
			t.Errorf("%s: media id %q", test.name, id)
		}
	}
	if o := b.call("POST", with(sim.UploadAPI, b.stableToken(false).Token)+"&type=image", "{}"); o.Code != 41005 {
		t.Errorf("no form: %d", o.Code)
	}
}

func TestMediaLiveThreeDays(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	content := png(1000)
	id := b.upload("image", "media", content).MediaID
	get := func() ([]byte, string) {
		response, body, err := b.request("GET", with(sim.DownloadAPI, b.stableToken(false).Token)+"&media_id="+url.QueryEscape(id), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		return body, response.Header.Get("Content-Type")
	}
	b.clock.advance(3*24*time.Hour - time.Second)
	if body, kind := get(); !bytes.Equal(body, content) || kind != "image/png" {
		t.Errorf("%d bytes of %s", len(body), kind)
	}
	b.done(b.follower("o-anna").Say(b.ctx, "在吗"))
	image := map[string]any{"touser": "o-anna", "msgtype": "image", "image": map[string]any{"media_id": id}}
	if code := b.send(image); code != 0 {
		t.Errorf("sent a second before the end: %d", code)
	}
	b.clock.advance(time.Second)
	if body, _ := get(); !bytes.Contains(body, []byte(`"errcode":40007`)) {
		t.Errorf("after 3 days: %.80s", body)
	}
	if code := b.send(image); code != 40007 {
		t.Errorf("sent after 3 days: %d", code)
	}
}

func TestPictureOfAUser(t *testing.T) {
	b := newBench(t, sim.Config{}, nil)
	content := png(500)
	b.done(b.follower("o-anna").SendImage(b.ctx, content))
	m := b.received()[0]
	address, err := url.Parse(m.PicURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, body, err := b.request("GET", address.Path, "", nil); err != nil || !bytes.Equal(body, content) {
		t.Errorf("at %s: %d bytes, %v", m.PicURL, len(body), err)
	}
	if _, body, err := b.request("GET", with(sim.DownloadAPI, b.stableToken(false).Token)+"&media_id="+m.MediaID, "", nil); err != nil || !bytes.Equal(body, content) {
		t.Errorf("downloaded: %d bytes, %v", len(body), err)
	}
	if response, _, err := b.request("GET", sim.PicturePath+"nothing", "", nil); err != nil || response.StatusCode != 404 {
		t.Errorf("nothing: %+v, %v", response, err)
	}
}
