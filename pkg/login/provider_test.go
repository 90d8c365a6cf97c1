package login_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pharos-ci/pharos/pkg/login"
)

const (
	clientID     = "pharos-client"
	clientSecret = "a secret of the client"
)

var (
	signing = sync.OnceValue(newKey)
	foreign = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// provider is an issuer of OpenID Connect on this machine, whose one user agrees to everything.
type provider struct {
	*httptest.Server
	t testing.TB

	// What a case does otherwise.
	issuer     string                       // the name it gives itself
	algorithms []string                     // that it says it signs with
	deny       string                       // an error in place of a code
	refuse     string                       // an error in place of a token
	down       bool                         // the token endpoint fails
	claims     func(jwt.MapClaims)          // changes the ID token
	sign       func(jwt.MapClaims) string   // signs in another way
	noIDToken  bool                         // plain OAuth2
	userinfo   map[string]any               // what the other endpoint says
	more       map[string]http.HandlerFunc  // of a forge's API
	grants     map[string]map[string]string // code to what was asked for
	exchanges  int
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	p := &provider{t: t, algorithms: []string{"RS256"}, grants: map[string]map[string]string{}, more: map[string]http.HandlerFunc{}}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	p.issuer = p.URL
	p.sign = func(c jwt.MapClaims) string { return signed(t, signing(), c) }
	p.claims = func(jwt.MapClaims) {}
	return p
}

func signed(t testing.TB, key *rsa.PrivateKey, c jwt.MapClaims) string {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	token.Header["kid"] = "one"
	text, err := token.SignedString(key)
	if err != nil {
		t.Error(err)
	}
	return text
}

// publicKey is what an attacker knows of the issuer's key.
func publicKey(t testing.TB) []byte {
	der, err := x509.MarshalPKIXPublicKey(&signing().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	if h, ok := p.more[r.URL.Path]; ok {
		h(w, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer(w, http.StatusOK, map[string]any{
			"issuer": p.issuer, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"jwks_uri": p.URL + "/keys", "userinfo_endpoint": p.URL + "/userinfo", "id_token_signing_alg_values_supported": p.algorithms,
		})
	case "/keys":
		public := signing().PublicKey
		answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "one",
			"n": base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		}}})
	case "/authorize":
		p.authorize(w, r)
	case "/token":
		p.token(w, r)
	case "/userinfo":
		if r.Header.Get("Authorization") != "Bearer access" {
			answer(w, http.StatusUnauthorized, nil)
			return
		}
		answer(w, http.StatusOK, p.userinfo)
	default:
		http.NotFound(w, r)
	}
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != clientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" {
		p.t.Errorf("the forge is asked wrongly: %v", q)
	}
	to := url.Values{"state": {q.Get("state")}}
	if p.deny != "" {
		to.Set("error", p.deny)
	} else {
		code := rand.Text()
		p.grants[code] = map[string]string{
			"nonce": q.Get("nonce"), "challenge": q.Get("code_challenge"), "redirect": q.Get("redirect_uri"), "scope": q.Get("scope"),
		}
		to.Set("code", code)
	}
	back.RawQuery = to.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	p.exchanges++
	if p.down {
		answer(w, http.StatusBadGateway, nil)
		return
	}
	if p.refuse != "" {
		answer(w, http.StatusBadRequest, map[string]any{"error": p.refuse, "error_description": "because"})
		return
	}
	id, secret, basic := r.BasicAuth()
	if basic {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
	}
	if id != clientID || secret != clientSecret {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	grant, ok := p.grants[r.FormValue("code")]
	delete(p.grants, r.FormValue("code"))
	challenge := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !ok || base64.RawURLEncoding.EncodeToString(challenge[:]) != grant["challenge"] || r.FormValue("redirect_uri") != grant["redirect"] {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	out := map[string]any{"access_token": "access", "token_type": "bearer", "expires_in": 3600}
	if !p.noIDToken {
		c := jwt.MapClaims{
			"iss": p.issuer, "sub": "7", "aud": clientID, "nonce": grant["nonce"], "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
			"preferred_username": "alice", "name": "Alice A.", "picture": "https://forge.example.com/alice.png",
		}
		p.claims(c)
		out["id_token"] = p.sign(c)
	}
	answer(w, http.StatusOK, out)
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the client may have left
}

// site is a dashboard with nothing but the login, and a browser in front of it.
type site struct {
	*httptest.Server
	*login.Login
	t       testing.TB
	browser *http.Client

	connections []login.Connection
	keys        [][]byte
	now         time.Time
}

func key(c string) []byte { return []byte(strings.Repeat(c, 32)) }

// newSite serves on https if the connections are to be reached there.
func newSite(t testing.TB, start func(http.Handler) *httptest.Server, connections ...login.Connection) *site {
	t.Helper()
	s := &site{t: t, connections: connections, keys: [][]byte{key("a")}, now: time.Now()}
	mux := http.NewServeMux()
	s.Server = start(mux)
	t.Cleanup(s.Close)
	var err error
	s.Login, err = login.New(login.Options{
		Base:        s.URL,
		Connections: func() []login.Connection { return s.connections },
		Keys:        func() ([][]byte, error) { return s.keys, nil },
		Now:         func() time.Time { return s.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Routes(mux)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { answer(w, http.StatusOK, s.Who(r)) })
	s.browser = s.Client()
	s.restart()
	return s
}

// restart is a new browser, without cookies.
func (s *site) restart() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.browser.Jar = jar
}

// get follows redirects and gives the address that it ends at.
func (s *site) get(path string) *url.URL {
	s.t.Helper()
	to := path
	if strings.HasPrefix(path, "/") {
		to = s.URL + path
	}
	res, err := s.browser.Get(to)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.Request.URL
}

// step follows no redirect and gives the address that it leads to.
func (s *site) step(address string) *http.Response {
	s.t.Helper()
	once := *s.browser
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := once.Get(address)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	return res
}

func (s *site) who() *login.User {
	s.t.Helper()
	res, err := s.browser.Get(s.URL + "/")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var user *login.User
	if err := json.NewDecoder(res.Body).Decode(&user); err != nil {
		s.t.Fatal(err)
	}
	return user
}

func secret() (string, error) { return clientSecret, nil }

func giteaAt(p *provider) login.Connection {
	return login.Connection{Name: "main", Kind: "gitea", URL: p.URL, ClientID: clientID, Secret: secret}
}
