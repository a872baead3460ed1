// Dark or light as the system is. It is no module, so that the page is not shown in the other first.
const dark = matchMedia('(prefers-color-scheme: dark)');
const wear = () => {
  document.documentElement.dataset.bsTheme = dark.matches ? 'dark' : 'light';
};
dark.addEventListener('change', wear);
wear();
