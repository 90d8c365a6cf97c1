import { deliveries } from './deliveries.mjs'
import { runs } from './data.mjs'

export default {
  'GET /api/v1/pull': ({ query }) => {
    const of = runs.filter((r) => r.repo === query.get('repo') && r.pulls?.[0].number === Number(query.get('number')))
    if (of.length === 0) return { status: 404, title: 'Not Found', detail: `pull request ${query.get('repo')}#${query.get('number')}: not found` }
    const pull = of[0].pulls[0]
    const cells = new Map()
    for (const r of of) {
      const key = `${r.pulls[0].sha} ${r.job}`
      if (cells.has(key)) cells.get(key).runs++
      else cells.set(key, { job: r.job, sha: r.pulls[0].sha, run: r.name, state: r.state, runs: 1 })
    }
    return {
      connection: query.get('connection'), repo: query.get('repo'), number: pull.number, title: pull.title, author: pull.author, link: pull.link,
      commits: [...new Set(of.map((r) => r.pulls[0].sha))].map((sha) => ({ sha, link: `https://forge.example/commit/${sha}`, created: of.findLast((r) => r.pulls[0].sha === sha).created })),
      jobs: [...new Set(of.map((r) => r.job))].sort(), cells: [...cells.values()], runs: of, timeline: deliveries.slice(0, 8),
    }
  },
  'GET /api/v1/jobs/history': ({ query }) => {
    const since = query.get('since')
    const of = runs.filter((r) => r.job === query.get('job') && (!query.get('repo') || r.repo === query.get('repo')) && (!since || Date.parse(r.created) >= Date.parse(since)))
    const days = new Map()
    for (const r of of) {
      const day = r.created.slice(0, 10)
      if (!days.has(day)) days.set(day, { day, runs: 0, success: 0, failure: 0, times: [] })
      const d = days.get(day)
      d.runs++
      if (r.state === 'success' || r.state === 'failure') d[r.state]++
      if (r.completed) d.times.push((Date.parse(r.completed) - Date.parse(r.began)) / 1000)
    }
    const bySHA = groupBySHA(of)
    const flakes = [...bySHA].map(([sha, all]) => ({
      sha, success: all.filter((r) => r.state === 'success').length, failure: all.filter((r) => r.state === 'failure').length, runs: all.map((r) => r.name), last: all[0].created,
    })).filter((f) => f.success && f.failure)
    return {
      connection: query.get('connection') ?? 'gitea', repo: query.get('repo') ?? undefined, job: query.get('job'), runs: of.slice(0, 200), flakes,
      byDay: [...days.values()].reverse().map(({ times, ...d }) => (times.sort((a, b) => a - b), { ...d, p50: times[Math.floor(times.length / 2)] ?? 0, p95: times[Math.floor(times.length * 0.95)] ?? 0 })),
    }
  },
}

function groupBySHA(all) {
  const map = new Map()
  for (const r of all) if (r.pulls) map.set(r.pulls[0].sha, [...(map.get(r.pulls[0].sha) ?? []), r])
  return map
}
