// Package login finds out who somebody is by asking a forge, or an OpenID Connect issuer that knows the forge's people, and
// remembers it in an encrypted cookie.
//
// Nothing is kept on the server: any number of replicas that share the keys serve one session, and a session ends twelve
// hours after the login, whatever happens in between. The forge's access token is used once, to ask whose it is, and dropped.
// What somebody may see or do is not decided here.
package login
