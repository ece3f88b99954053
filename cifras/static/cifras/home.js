// The home page's chart: the figures stand beside it as a table, so it is for the eyes only.
(() => {
  "use strict";

  const data = document.getElementById("home-chart-data");
  const canvas = document.getElementById("home-chart");
  if (!data || !canvas || !window.Chart) return;

  const { labels, series } = JSON.parse(data.textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const fills = () => [colour("--color-primary-600"), colour("--color-orange-400")];
  const lines = () => colour(document.documentElement.classList.contains("dark") ? "--color-base-700" : "--color-base-200");
  const words = () => colour(document.documentElement.classList.contains("dark") ? "--color-base-300" : "--color-base-600");

  const chart = new window.Chart(canvas, {
    type: "bar",
    data: {
      labels,
      datasets: series.map((each, index) => ({ ...each, backgroundColor: fills()[index], borderRadius: 3, maxBarThickness: 28 })),
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      plugins: { legend: { display: true, position: "bottom", labels: { color: words(), boxWidth: 12 } } },
      scales: {
        x: { stacked: true, grid: { display: false }, ticks: { color: words() } },
        y: { stacked: true, beginAtZero: true, grid: { color: lines() }, ticks: { color: words(), precision: 0 } },
      },
    },
  });

  new MutationObserver(() => {
    chart.options.scales.y.grid.color = lines();
    for (const axis of ["x", "y"]) chart.options.scales[axis].ticks.color = words();
    chart.options.plugins.legend.labels.color = words();
    chart.update();
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
})();
