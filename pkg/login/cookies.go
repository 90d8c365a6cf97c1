package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Names of the cookies; on https they carry a prefix that keeps other hosts of the domain from setting them.
const (
	sessionCookie = "pharos-session"
	attemptCookie = "pharos-login"
	hostPrefix    = "__Host-"
)

// session is what the cookie of a logged-in browser holds.
type session struct {
	User User `json:"u"`
	// Origin is where the connection led at login: a connection pointed elsewhere ends its sessions.
	Origin string `json:"o"`
	// Until is absolute, in seconds since 1970.
	Until int64 `json:"t"`
}

// attempt is a login under way.
type attempt struct {
	Connection string `json:"c"`
	State      string `json:"s"`
	Nonce      string `json:"n"`
	Verifier   string `json:"v"`
	Return     string `json:"r"`
	Until      int64  `json:"t"`
}

// Who is the logged-in user of a request, nil for anonymous. Users of a connection that is no longer offered, or leads
// elsewhere now, are anonymous.
func (l *Login) Who(r *http.Request) *User {
	var s session
	if err := l.read(r, sessionCookie, sessionLife, &s); err != nil {
		return nil
	}
	c, ok := l.find(s.User.Connection)
	if !ok || c.origin() != s.Origin || l.Now().Unix() >= s.Until {
		return nil
	}
	return &s.User
}

func (l *Login) logout(w http.ResponseWriter, _ *http.Request) {
	l.remove(w, sessionCookie)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// read opens a cookie. One that is absent, of an unknown key, or altered is an error, which is a reader's own affair; that the
// keys cannot be read is logged as well.
func (l *Login) read(r *http.Request, name string, life time.Duration, into any) error {
	cookie, err := r.Cookie(l.cookieName(name))
	if err != nil {
		return err
	}
	codecs, err := l.codecs(int(life.Seconds()))
	if err != nil {
		log.FromContext(r.Context()).Error(err, "nobody is logged in")
		return err
	}
	return securecookie.DecodeMulti(cookie.Name, cookie.Value, into, codecs...)
}

func (l *Login) write(w http.ResponseWriter, name string, life time.Duration, value any) error {
	codecs, err := l.codecs(int(life.Seconds()))
	if err != nil {
		return err
	}
	name = l.cookieName(name)
	sealed, err := securecookie.EncodeMulti(name, value, codecs[:1]...)
	if err != nil {
		return errors.Join(errors.New("seal cookie "+name), err)
	}
	http.SetCookie(w, l.cookie(name, sealed, int(life.Seconds())))
	return nil
}

func (l *Login) remove(w http.ResponseWriter, name string) {
	http.SetCookie(w, l.cookie(l.cookieName(name), "", -1))
}

func (l *Login) cookieName(name string) string {
	if l.secure {
		return hostPrefix + name
	}
	return name
}

func (l *Login) cookie(name, value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds,
		Secure: l.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode, // a forge's redirect back has to carry the attempt
	}
}
