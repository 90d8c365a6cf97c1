export function userOf(req) {
  return /mock-user=(\w+)/.exec(req.headers.cookie ?? '')?.[1]
}

export default {
  'GET /api/v1/session': ({ req }) => {
    const login = userOf(req)
    return {
      ...(login && { user: { connection: 'gitea', login, name: 'Ada Lovelace' } }),
      logins: [
        { connection: 'gitea', kind: 'gitea', url: '/login/gitea' },
        { connection: 'github', kind: 'github', url: '/login/github' },
      ],
      version: 'v0.9.0-mock',
      storeURL: 's3://pharos-logs',
      findings: 2,
      errorPatterns: ['(?i)\\berror:', '^--- FAIL', 'panic:', '^FAIL\\b'],
    }
  },
  'GET /login/{connection}': ({ res, query }) => {
    res.writeHead(302, { 'Set-Cookie': 'mock-user=ada; Path=/', Location: query.get('return') ?? '/' }).end()
  },
  'POST /logout': ({ res }) => {
    res.writeHead(204, { 'Set-Cookie': 'mock-user=; Path=/; Max-Age=0' }).end()
  },
}
