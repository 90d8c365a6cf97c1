import { one, random, runs } from './data.mjs'
import { userOf } from './session.mjs'

const next = random(3)
const events = ['pull_request.opened', 'pull_request.synchronize', 'issue_comment.created', 'push', 'pull_request_review.submitted', 'pull_request.labeled']
const start = Date.now()

export const deliveries = Array.from({ length: 120 }, (_, i) => {
  const phase = i < 2 ? 'Pending' : i === 3 ? 'Retrying' : i % 17 === 5 ? 'Dead' : 'Processed'
  const run = runs[Math.floor(next() * 200)]
  const event = one(events)
  const received = new Date(start - i * 437_000).toISOString()
  const done = phase === 'Processed'
  return {
    name: `gitea-${(0x6f1d2c + i * 7919).toString(16)}`, connection: run.connection, id: `${(0x6f1d2c + i * 7919).toString(16)}-11f0-9a00-0242ac130003`,
    event, repo: run.repo, pull: run.pulls?.[0].number, sender: run.pulls?.[0].author ?? 'grace', phase, received,
    ...((done || phase === 'Dead') && { finished: new Date(start - i * 437_000 + 900).toISOString() }),
    attempts: phase === 'Dead' ? 8 : phase === 'Retrying' ? 3 : done ? 1 : 0,
    ...(phase === 'Dead' && { message: 'label: add label "lgtm" to harbour/pilot#103: the forge answered 403: the token lacks the scope "write:issue"' }),
    ...(phase === 'Retrying' && { message: 'list files of lighthouse/keeper#100: connection refused', nextAttempt: new Date(start + 40_000).toISOString() }),
    outcomes: done ? [
      { plugin: 'trigger', did: ['started 2 jobs'] },
      ...(event === 'issue_comment.created' ? [{ plugin: 'lgtm', did: ['added the label lgtm', 'removed the label needs-review'] }] : []),
      ...(i % 9 === 0 ? [{ plugin: 'size', did: [], error: 'list files: the forge answered 502 twice; tried again and gave up' }] : []),
    ] : [],
    jobs: done && event !== 'push' ? [
      { name: 'unit', context: 'unit', run: true, runName: run.name, reason: 'always runs' },
      { name: 'e2e-kind', context: 'e2e', run: false, reason: 'no changed file matches ^(pkg|test)/' },
      { name: 'docs', context: 'docs', run: false, reason: 'the branch main is not among ^docs-' },
    ] : [],
  }
})

const withPermission = (delivery, req) => ({
  ...delivery,
  replay: userOf(req) ? { allowed: true } : { allowed: false, login: true, reason: 'Log in: replaying needs write permission on the repository.' },
})

export default {
  'GET /api/v1/deliveries': ({ query }) => {
    const before = query.get('before')
    const found = deliveries.filter((d) =>
      (!query.get('phase') || d.phase === query.get('phase')) && (!query.get('repo') || d.repo === query.get('repo')) &&
      (!query.get('connection') || d.connection === query.get('connection')) && (!before || d.received < before))
    return { deliveries: found.slice(0, 50), ...(found.length > 50 && { next: found[49].received }) }
  },
  'GET /api/v1/deliveries/{name}': ({ params, req }) => {
    const found = deliveries.find((d) => d.name === params.name)
    return found ? withPermission(found, req) : { status: 404, title: 'Not Found', detail: `delivery ${params.name}: not found` }
  },
  'POST /api/v1/deliveries/{name}/replay': ({ params }) => {
    Object.assign(deliveries.find((d) => d.name === params.name), { phase: 'Pending', attempts: 0, message: undefined })
    return { message: `Delivery ${params.name} is worked on again.` }
  },
}
