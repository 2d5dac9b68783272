#include "benchmarks/load/shop_model.hpp"

#include <array>

namespace weir::load {

namespace {

enum : std::size_t { // in the order of the table below
  home,
  product,
  basket_add,
  basket_view,
  checkout,
  search_page,
  login,
  catalog_list,
  catalog_get,
  catalog_query,
  catalog_cache,
  currency_convert,
  ads_get,
  ads_query,
  recommend,
  recommend_rank,
  cart_get,
  cart_put,
  cart_store,
  search_find,
  search_index,
  account_login,
  account_query,
  account_hash,
  place_order,
  prepare_order,
  charge,
  fraud_score,
  fraud_model,
  card_gateway,
  quote,
  ship,
  ship_query,
  reserve,
  reserve_query,
  order_event,
  pack_order,
  pack_query,
  send_mail,
  render_mail,
  mail_gateway,
};

constexpr std::array home_steps{step{catalog_list, 1, 1, 1, false, 1},
                                step{ads_get, 0.8, 1, 1, true}, step{recommend, 0.7, 1, 1, true},
                                step{cart_get, 1, 1, 1, true}, step{currency_convert, 1, 1, 4}};
constexpr std::array product_steps{step{catalog_get, 1, 1, 1, false, 2},
                                   step{recommend, 1, 1, 1, true}, step{ads_get, 0.9, 1, 1, true},
                                   step{currency_convert, 1, 1, 2}};
constexpr std::array basket_add_steps{step{catalog_get, 1, 1, 1, false, 1},
                                      step{cart_put, 1, 1, 1, false, 2}};
constexpr std::array basket_view_steps{step{cart_get, 1, 1, 1, false, 1},
                                       step{catalog_get, 1, 1, 5, true}, step{quote, 1},
                                       step{currency_convert, 1, 1, 5}};
constexpr std::array checkout_steps{step{place_order, 1, 1, 1, false, 1}, step{recommend, 0.5}};
constexpr std::array search_steps{step{search_find, 1, 1, 1, false, 1},
                                  step{currency_convert, 1, 1, 3}};
constexpr std::array login_steps{step{account_login, 1, 1, 1, false, 1}, step{cart_get, 0.9}};
constexpr std::array catalog_list_steps{step{catalog_cache, 1}, step{catalog_query, 0.2, 1, 2}};
constexpr std::array catalog_get_steps{step{catalog_cache, 1}, step{catalog_query, 0.1}};
constexpr std::array ads_steps{step{ads_query, 0.6}};
constexpr std::array recommend_steps{step{recommend_rank, 1},
                                     step{catalog_list, 1, 1, 1, false, 1}};
constexpr std::array cart_steps{step{cart_store, 1}};
constexpr std::array cart_put_steps{step{cart_store, 1, 2, 2}};
constexpr std::array search_find_steps{step{search_index, 1, 2, 4, true},
                                       step{catalog_get, 1, 1, 3, true}};
constexpr std::array account_steps{step{account_query, 1, 1, 2}, step{account_hash, 1}};
constexpr std::array place_order_steps{step{prepare_order, 1}, step{charge, 1, 1, 1, false, 2},
                                       step{ship, 1, 1, 1, false, 1}, step{order_event, 1}};
constexpr std::array prepare_steps{step{cart_get, 1}, step{reserve, 1, 1, 4, true},
                                   step{catalog_get, 1, 1, 4, true}, step{quote, 1},
                                   step{currency_convert, 1, 1, 4}};
constexpr std::array charge_steps{step{fraud_score, 1}, step{card_gateway, 1, 1, 1, false, 1}};
constexpr std::array fraud_steps{step{fraud_model, 1}};
constexpr std::array ship_steps{step{ship_query, 1, 1, 2}};
constexpr std::array reserve_steps{step{reserve_query, 1, 1, 2}};
constexpr std::array order_event_steps{step{pack_order, 1}, step{send_mail, 1, 1, 1, true, 2}};
constexpr std::array pack_steps{step{pack_query, 1, 1, 3}};
constexpr std::array mail_steps{step{render_mail, 1}, step{mail_gateway, 1, 1, 1, false, 1}};
constexpr std::span<const step> none;

using enum protocol;
constexpr std::array all_operations{
    operation{"frontend", "GET /", http, 3.0, 0.4, 0.001, home_steps},
    operation{"frontend", "GET /product/{id}", http, 2.5, 0.4, 0.001, product_steps},
    operation{"frontend", "POST /cart", http, 1.5, 0.4, 0.001, basket_add_steps},
    operation{"frontend", "GET /cart", http, 2.0, 0.4, 0.001, basket_view_steps},
    operation{"frontend", "POST /cart/checkout", http, 4.0, 0.5, 0.002, checkout_steps},
    operation{"frontend", "GET /search", http, 2.0, 0.4, 0.001, search_steps},
    operation{"frontend", "POST /login", http, 1.5, 0.4, 0.004, login_steps},
    operation{"catalog", "shop.Catalog/ListProducts", rpc, 1.2, 0.5, 0.001, catalog_list_steps},
    operation{"catalog", "shop.Catalog/GetProduct", rpc, 0.6, 0.5, 0.002, catalog_get_steps},
    operation{"catalog", "SELECT products", database, 2.5, 0.9, 0.0005, none},
    operation{"catalog", "GET product", database, 0.3, 0.4, 0.0002, none},
    operation{"currency", "shop.Currency/Convert", rpc, 0.2, 0.3, 0.0005, none},
    operation{"ads", "shop.Ads/GetAds", rpc, 1.0, 0.6, 0.004, ads_steps},
    operation{"ads", "SELECT campaigns", database, 1.5, 0.8, 0.001, none},
    operation{"recommendation", "shop.Recommendation/List", rpc, 2.0, 0.7, 0.002, recommend_steps},
    operation{"recommendation", "rank candidates", internal, 4.0, 0.8, 0.0005, none},
    operation{"cart", "shop.Cart/GetCart", rpc, 0.5, 0.4, 0.001, cart_steps},
    operation{"cart", "shop.Cart/AddItem", rpc, 0.7, 0.4, 0.001, cart_put_steps},
    operation{"cart", "HGETALL", database, 0.4, 0.5, 0.001, none},
    operation{"search", "shop.Search/Find", rpc, 1.5, 0.5, 0.001, search_find_steps},
    operation{"search", "query shard", internal, 6.0, 0.9, 0.001, none},
    operation{"accounts", "POST /v1/sessions", http, 1.5, 0.4, 0.006, account_steps},
    operation{"accounts", "SELECT accounts", database, 1.8, 0.7, 0.0005, none},
    operation{"accounts", "verify password", internal, 45.0, 0.2, 0.0, none},
    operation{"checkout", "shop.Checkout/PlaceOrder", rpc, 2.0, 0.5, 0.002, place_order_steps},
    operation{"checkout", "prepare order", internal, 0.5, 0.4, 0.001, prepare_steps},
    operation{"payment", "shop.Payment/Charge", rpc, 1.5, 0.5, 0.006, charge_steps},
    operation{"fraud", "POST /v1/score", http, 1.0, 0.5, 0.002, fraud_steps},
    operation{"fraud", "evaluate model", internal, 12.0, 0.6, 0.001, none},
    operation{"payment", "POST card-gateway", database, 80.0, 0.7, 0.012, none},
    operation{"shipping", "shop.Shipping/GetQuote", rpc, 0.8, 0.4, 0.001, none},
    operation{"shipping", "shop.Shipping/ShipOrder", rpc, 1.5, 0.5, 0.002, ship_steps},
    operation{"shipping", "INSERT parcels", database, 3.0, 0.7, 0.001, none},
    operation{"inventory", "shop.Inventory/Reserve", rpc, 0.8, 0.5, 0.003, reserve_steps},
    operation{"inventory", "UPDATE stock", database, 2.2, 0.9, 0.001, none},
    operation{"fulfilment", "orders process", queue, 5.0, 0.7, 0.002, order_event_steps},
    operation{"fulfilment", "pack order", internal, 20.0, 0.8, 0.001, pack_steps},
    operation{"fulfilment", "INSERT pick_list", database, 2.0, 0.7, 0.0005, none},
    operation{"email", "POST /v1/confirmations", http, 1.5, 0.5, 0.003, mail_steps},
    operation{"email", "render template", internal, 8.0, 0.4, 0.0005, none},
    operation{"email", "SMTP send", database, 60.0, 0.9, 0.02, none},
};

constexpr std::array traffic_mix{entry_point{home, 0.28},       entry_point{product, 0.34},
                                 entry_point{basket_add, 0.09}, entry_point{basket_view, 0.08},
                                 entry_point{checkout, 0.05},   entry_point{search_page, 0.12},
                                 entry_point{login, 0.04}};

} // namespace

std::span<const operation> operations() {
  return all_operations;
}
std::span<const entry_point> entry_points() {
  return traffic_mix;
}

} // namespace weir::load
