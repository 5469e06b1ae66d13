//! Collectors as their users see them: sources that behave or not, and a store of the test.
//!
//! What a collector of trading services must show, and where it is tested:
//!
//! | what | where |
//! |---|---|
//! | availability | `hostile`: `two_services_of_which_one_is_down`; `reached` |
//! | bridge from endpoints to the store | `trading_store`: `the_last_rows_are_what_the_endpoints_show_at_the_end` |
//! | parsing | `cycles`: `an_endpoint_is_stored_sample_by_sample`, `all_formats_give_the_same_samples` |
//! | lifecycle | `segments`, `stores`; `cycles`: `a_source_that_began_anew_is_noticed` |
//! | all services, continuous mode | `trading`: `all_services_are_collected_continuously` |
//! | candles | `candles` |

#[path = "collector/ask.rs"]
mod ask;
#[path = "collector/candles.rs"]
mod candles;
#[path = "collector/cycles.rs"]
mod cycles;
#[path = "collector/gzip.rs"]
mod gzip;
#[path = "collector/hostile.rs"]
mod hostile;
#[path = "collector/reached.rs"]
mod reached;
#[path = "collector/segments.rs"]
mod segments;
#[path = "collector/stores.rs"]
mod stores;
#[path = "collector/support.rs"]
mod support;
#[path = "collector/trading.rs"]
mod trading;
#[path = "collector/trading_store.rs"]
mod trading_store;
