// Runs before the first paint, so that a dark page never flashes white. src/app/theme.ts goes on from here.
(function () {
  var chosen = null
  try {
    chosen = localStorage.getItem('pharos-theme')
  } catch {
    // storage is forbidden: the system decides
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.toggle('pf-v6-theme-dark', dark)
})()
