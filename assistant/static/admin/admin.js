// What every page of the admin's side loads.
import "../kit/filter.js";
import "../kit/page.js";
import "../kit/swap.js";
import "./counts.js";
