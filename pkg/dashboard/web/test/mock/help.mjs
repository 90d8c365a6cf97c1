const config = `deck:
  spyglass:
    size_limit: 500000000
presubmits:
  lighthouse/keeper:
  - name: unit
    always_run: true
    spec:
      containers:
      - image: golang:1.26
        command: [make, unit]
  - name: e2e-kind
    run_if_changed: ^(pkg|test)/
    trigger: (?m)^/test( all| e2e-kind),?(\\s+|$)
    rerun_command: /test e2e-kind
    max_concurrency: 4
periodics:
- name: nightly-unit
  cron: 0 3 * * *
`
const plugins = `plugins:
  lighthouse/keeper: [trigger, lgtm, approve, hold, size]
lgtm:
- repos: [lighthouse]
  review_acts_as_lgtm: true
`

export default {
  'GET /api/v1/plugins': () => ({
    plugins: [
      { name: 'trigger', help: 'Starts jobs for pull requests, pushes and comments.', repos: ['lighthouse/keeper', 'harbour'], commands: [
        { usage: '/test <job>…', description: 'Runs the named jobs, or all of them.', who: 'Members and trusted authors', examples: ['/test all', '/test unit'] },
        { usage: '/retest', description: 'Runs again what failed on the newest commit.', who: 'Anyone on a trusted pull request', examples: ['/retest'] },
        { usage: '/ok-to-test', description: 'Trusts the pull request of somebody new.', who: 'Members', examples: ['/ok-to-test'] },
      ] },
      { name: 'lgtm', help: 'Adds the label lgtm when a reviewer is content, and removes it when the pull request changes.', repos: ['lighthouse'], commands: [
        { usage: '/lgtm [cancel]', description: 'Adds or removes the label lgtm.', who: 'Collaborators, not the author', examples: ['/lgtm', '/lgtm cancel'] },
      ] },
      { name: 'hold', help: 'Blocks the merge until somebody lifts it.', repos: ['lighthouse/keeper'], commands: [
        { usage: '/hold [cancel]', description: 'Adds or removes do-not-merge/hold.', who: 'Anyone', examples: ['/hold', '/hold cancel'] },
      ] },
      { name: 'size', help: 'Labels pull requests by the number of changed lines.', repos: ['lighthouse/keeper'], commands: [] },
    ],
  }),
  'GET /api/v1/jobs': () => ({
    jobs: [
      { name: 'unit', type: 'presubmit', connection: 'gitea', repo: 'lighthouse/keeper', when: 'Every pull request', rerunCommand: '/test unit', file: 'config.yaml', line: 6 },
      { name: 'e2e-kind', type: 'presubmit', connection: 'gitea', repo: 'lighthouse/keeper', when: 'Changes of files that match ^(pkg|test)/', rerunCommand: '/test e2e-kind', optional: true, trigger: '(?m)^/test( all| e2e-kind),?(\\s+|$)', file: 'config.yaml', line: 12 },
      { name: 'nightly-unit', type: 'periodic', when: '0 3 * * * (UTC)', file: 'config.yaml', line: 18 },
    ],
  }),
  'GET /api/v1/configuration': () => ({
    revision: '5d41402abc4b2a76',
    refused: [{ place: 'config.yaml:16:5', message: 'presubmits: lighthouse/keeper[1].max_concurency: no such key', remedy: 'did you mean max_concurrency?' }],
    warnings: [{ place: 'plugins.yaml:2:22', message: 'plugins: "size" is enabled for lighthouse/keeper and for lighthouse', remedy: 'remove one of the two' }],
    files: [{ name: 'config.yaml', text: config }, { name: 'plugins.yaml', text: plugins }],
  }),
}
