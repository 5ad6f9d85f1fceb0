create table countries (
  code char(2) primary key,
  name varchar(30) not null unique,
  region varchar(12) not null
);

create table customers (
  id integer primary key autoincrement,
  legacy_no char(8) not null unique,
  name varchar(40) not null,
  email varchar(60) unique,
  country_code char(2) not null references countries (code),
  region varchar(12),
  status varchar(8) not null check (status in ('active', 'inactive', 'prospect')),
  parent_id integer references customers (id),
  vip boolean not null,
  since date,
  credit_limit decimal(12, 2)
);

create table contacts (
  id integer primary key autoincrement,
  customer_id integer not null references customers (id),
  name varchar(41) not null,
  phone varchar(16),
  email varchar(60)
);

create table products (
  id integer primary key autoincrement,
  sku char(6) not null unique,
  name varchar(40) not null,
  price decimal(12, 2)
);

create table orders (
  id integer primary key,
  customer_id integer not null references customers (id),
  ordered_on date not null,
  status varchar(9) not null
);

create table order_items (
  order_id integer not null references orders (id),
  line integer not null,
  product_id integer not null references products (id),
  quantity integer not null check (quantity > 0),
  unit_price decimal(12, 2) not null,
  amount decimal(14, 2) not null,
  primary key (order_id, line)
);
