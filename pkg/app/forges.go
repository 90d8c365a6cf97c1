package app

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/pharos-ci/pharos/pkg/chatops"
	"github.com/pharos-ci/pharos/pkg/config"
	"github.com/pharos-ci/pharos/pkg/scm"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketcloud"
	"github.com/pharos-ci/pharos/pkg/scm/bitbucketserver"
	"github.com/pharos-ci/pharos/pkg/scm/emulate"
	"github.com/pharos-ci/pharos/pkg/scm/gitea"
	"github.com/pharos-ci/pharos/pkg/scm/github"
	"github.com/pharos-ci/pharos/pkg/scm/gitlab"
	"github.com/pharos-ci/pharos/pkg/scm/transport"
	"github.com/pharos-ci/pharos/pkg/webhook"
)

// drivers is every forge that Pharos speaks to, by the kind that config.yaml names.
var drivers = map[string]scm.Driver{
	"bitbucketcloud":  bitbucketcloud.Driver{},
	"bitbucketserver": bitbucketserver.Driver{},
	"gitea":           gitea.Driver{},
	"github":          github.Driver{},
	"gitlab":          gitlab.Driver{},
}

// secretsEvery is how often token and secret files are read again: a rotated secret takes effect without a restart, and
// within the overlap that rotation by two active secrets gives.
const secretsEvery = 20 * time.Second

// forges holds an open connection to each configured forge. What it hands out stays usable after a reload.
type forges struct {
	current func() *config.Config
	table   atomic.Pointer[table]
}

type table struct {
	revision string
	byName   map[string]*connection
	standard string
}

type connection struct {
	config.Connection
	driver  scm.Driver
	client  *scm.Client
	proof   scm.Credentials
	secrets [][]byte
}

func newForges(current func() *config.Config) (*forges, error) {
	f := &forges{current: current}
	return f, f.refresh()
}

// refresh opens the connections anew where the configuration or one of their files has changed. On an error the old table stays.
func (f *forges) refresh() error {
	c := f.current()
	old := f.table.Load()
	next := &table{revision: c.Revision, byName: map[string]*connection{}, standard: c.DefaultConnection()}
	for _, cc := range c.Connections {
		conn, err := open(cc, old)
		if err != nil {
			return fmt.Errorf("open connection %s: %w", cc.Name, err)
		}
		next.byName[cc.Name] = conn
	}
	f.table.Store(next)
	return nil
}

// open reads a connection's files and keeps its client, with all that the client has learnt, while nothing has changed.
func open(cc config.Connection, old *table) (*connection, error) {
	driver, ok := drivers[cc.Kind]
	if !ok {
		return nil, fmt.Errorf("this version has no driver for kind %q", cc.Kind)
	}
	proof, err := credentials(cc)
	if err != nil {
		return nil, err
	}
	conn := &connection{Connection: cc, driver: driver, proof: proof}
	for _, file := range cc.WebhookSecretFiles {
		secret, err := readSecret(file)
		if err != nil {
			return nil, err
		}
		conn.secrets = append(conn.secrets, secret)
	}
	if old != nil {
		if was := old.byName[cc.Name]; was != nil && reflect.DeepEqual(was.Connection, cc) && reflect.DeepEqual(was.proof, proof) {
			conn.client = was.client
			return conn, nil
		}
	}
	conn.client, err = driver.Open(scm.Account{
		Connection: cc.Name, URL: cc.URL, Credentials: proof, Bot: cc.Bot,
		HTTP: &http.Client{Transport: transport.New(transport.Options{Forge: cc.Kind, Connection: cc.Name})},
	})
	if err != nil {
		return nil, err
	}
	conn.client.Members = chatops.RememberMembers(conn.client.Members, time.Now)
	if client := conn.client; client.EmulatedLabels {
		client.Labels = &emulate.Labels{Comments: client.Comments, IsBot: func(u scm.User) bool { return client.Named(u, cc.Bot) }}
	}
	return conn, nil
}

// credentials reads what a connection logs in with.
func credentials(cc config.Connection) (scm.Credentials, error) {
	proof := scm.Credentials{User: cc.TokenUser, AppID: cc.GitHubAppID, ClientID: cc.OAuthClientID}
	for _, part := range []struct {
		file string
		take func([]byte)
	}{
		{cc.TokenFile, func(data []byte) { proof.Token = string(data) }},
		{cc.GitHubAppPrivateKeyFile, func(data []byte) { proof.AppKey = data }},
		{cc.OAuthClientSecretFile, func(data []byte) { proof.ClientSecret = string(data) }},
	} {
		if part.file == "" {
			continue
		}
		data, err := readSecret(part.file)
		if err != nil {
			return proof, err
		}
		part.take(data)
	}
	return proof, nil
}

// readSecret reads a file without the line end that editors add.
func readSecret(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	if data = bytes.TrimSpace(data); len(data) == 0 {
		return nil, fmt.Errorf("read secret: %s is empty", file)
	}
	return data, nil
}

// Start refreshes until ctx ends.
func (f *forges) Start(ctx context.Context) error {
	wait.UntilWithContext(ctx, func(context.Context) { f.changed() }, secretsEvery)
	return nil
}

// changed refreshes at once.
func (f *forges) changed() {
	if err := f.refresh(); err != nil {
		log.Log.Error(err, "connections stay as they were")
	}
}

// NeedLeaderElection is false: every replica talks to the forges.
func (*forges) NeedLeaderElection() bool { return false }

// Client implements chatops.Forges and controller.Clients.
func (f *forges) Client(name string) (*scm.Client, error) {
	conn, ok := f.table.Load().byName[name]
	if !ok {
		return nil, fmt.Errorf("connection %q is not configured", name)
	}
	return conn.client, nil
}

// Bot implements chatops.Forges and controller.Clients.
func (f *forges) Bot(name string) string {
	if conn, ok := f.table.Load().byName[name]; ok {
		return conn.Connection.Bot
	}
	return ""
}

// Lookup implements webhook.Connections.
func (f *forges) Lookup(name string) (webhook.Connection, bool) {
	t := f.table.Load()
	if name == "" {
		name = t.standard
	}
	conn, ok := t.byName[name]
	if !ok {
		return webhook.Connection{}, false
	}
	return webhook.Connection{Name: name, Driver: conn.driver, Secrets: func() [][]byte { return conn.secrets }}, true
}
