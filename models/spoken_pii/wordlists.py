"""Words that templates are filled with, and common names beside the long lists of the product."""

ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third "
    "twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
).split()
# What most people are called, and names that are everyday words: the lists hold each name once.
COMMON_GIVEN = (
    "james john robert michael david william richard thomas charles daniel matthew anthony mark paul steven "
    "andrew kevin brian george edward jason ryan jacob gary eric stephen justin scott brandon ben samuel "
    "frank greg patrick jack dennis jerry tyler adam henry nathan peter zach kyle ethan luke simon oliver "
    "harry mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra "
    "ashley emily kim donna michelle carol amanda melissa deborah stephanie rebecca laura cynthia amy angela "
    "helen anna ruth emma olivia sophia chloe lucy katie jane claire julie diane alice maria sofia carlos "
    "jose juan luis miguel ahmed mohammed ali fatima aisha omar hassan priya raj anil sunita deepak wei ming "
    "li chen yuki hiroshi kenji ivan olga natasha pierre marie hans klaus giulia marco ana joao tom tim joe "
    "bob sam dan matt mike dave steve liz sue ann will grace rose faith hope joy dawn april june may summer "
    "jack art rich drew chase grant bill pat rob nick chip dean duke earl ray lance miles penny ruby ivy "
    "violet heather hazel olive iris robin jay skip bud gene hunter mason parker carter cole reed rusty sandy "
    "sunny terry chuck chance harmony trinity"
).split()
COMMON_FAMILY = (
    "smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez wilson "
    "anderson thomas taylor moore jackson martin lee perez thompson white harris sanchez clark ramirez lewis "
    "robinson walker young allen king wright scott torres nguyen hill flores green adams nelson baker hall "
    "rivera campbell mitchell carter roberts patel khan singh kumar sharma ali ahmed hussain begum wang li "
    "zhang chen liu yang kim park choi tanaka suzuki sato mueller schmidt weber fischer rossi russo ferrari "
    "silva santos pereira kowalski nowak ivanov petrov murphy kelly o'brien o'connor byrne ryan walsh "
    "macdonald stewart fraser evans hughes okafor adeyemi mensah banks price fields marsh winter woods stone "
    "rivers brooks day long short cook page church bell ford wood hunt bishop rice knight fox wolf bird frost "
    "snow rain pope best case chance cross love nice sharp strong swift good noble rich small little bush "
    "field lane street street parsons law moon may waters west east north sands steel"
).split()
COMMON_PLACES = (
    "london|paris|berlin|madrid|rome|new york|chicago|boston|seattle|denver|dallas|houston|austin|miami|"
    "atlanta|phoenix|san diego|san francisco|los angeles|las vegas|toronto|vancouver|montreal|sydney|"
    "melbourne|dublin|cork|edinburgh|glasgow|manchester|liverpool|leeds|bristol|birmingham|reading|bath|"
    "oxford|cambridge|york|spain|france|italy|germany|poland|india|china|japan|mexico|canada|turkey|jordan|"
    "florida|texas|california|ohio|georgia|virginia|washington|mobile|orange|buffalo|nice|delhi|mumbai|lagos|"
    "nairobi|cairo|istanbul|athens|lisbon|vienna|prague|warsaw|hamburg|munich|cologne|milan|naples|hong kong|"
    "singapore|tokyo"
).split("|")
COMMON = 0.25  # share of names and places that are drawn from these
STREET_TYPES = (
    "street street street street avenue avenue avenue road road road lane lane drive drive court boulevard "
    "way place terrace crescent close grove hill row square gardens parade circle trail walk mews rise view"
).split()
RARE_STREET_TYPES = (
    "alley approach bank bend broadway causeway chase common copse cove croft cross crossing dale dene end "
    "esplanade fields fold garth gate glen green grange heath heights highway hollow junction knoll landing "
    "loop mall meadow mount nook orchard park parkway path pike plaza point promenade quay reach ridge run "
    "side spur strand street trace track turnpike vale villas walk wharf wynd yard broadwalk freeway"
).split()
STREET_PREFIXES = "north south east west upper lower old great little new saint".split()
NUMBERED_ROADS = "county road|highway|route|state road|interstate|farm road|county route|old highway".split("|")
HOUSES = (
    "house house house cottage cottage lodge barn farm mill court towers mansions hall villa grange wharf "
    "point heights apartments building rectory vicarage forge cabin ranch rooms yard chambers studios bungalow"
).split()
UNITS = (
    "flat flat flat apartment apartment apartment apt unit unit suite block building tower wing plot lot berth "
    "pitch caravan cottage stand trailer annexe gate door house villa shop"
).split()
STREETS = (
    "oak maple cedar elm pine hill lake river park church mill high main king queen victoria station bridge "
    "garden forest sunset highland franklin lincoln jefferson orchard meadow willow chestnut walnut spring "
    "school market castle abbey grove manor prospect union liberty north south second third fifth old water "
    "canal ferry chapel quarry harbour mountain valley cherry birch ash hazel poplar rose primrose ivy holly "
    "fox deer eagle falcon swan heron beaver rabbit raven pebble sandy stony golden silver crystal clear "
    "summer winter temple college hospital railway industrial commerce mason cooper potter fisher miller "
    "baker saint washington madison jackson monroe kensington windsor albert george william charlotte"
).split()
WORDS = (
    "sunshine dragon purple banana monkey tiger guitar winter summer coffee cookie pepper ginger biscuit "
    "rocket thunder shadow silver diamond falcon mountain river ocean butterfly rainbow cherry lemon peanut "
    "muffin football hockey chess castle wizard unicorn penguin panda hamster rabbit lucky happy blue green "
    "red orange apple mango pickle noodle waffle bubbles smokey buster daisy tinker marble copper maple cedar "
    "velvet crimson galaxy comet meteor planet saturn jupiter trumpet violin piano drummer sailor captain "
    "pirate anchor harbor garden tulip orchid jasmine clover willow meadow hollow bridge tunnel window ladder "
    "hammer bucket teapot kettle pancake doughnut sausage cactus desert canyon glacier volcano island"
).split()
COMPANIES = (
    "acme telecom|northern bank|city clinic|the support team|blue insurance|harbor energy|customer care|"
    "first credit union|green power|the help desk|sunrise airlines|metro water|prime mobile|value motors|"
    "the dental practice|united couriers|home and garden|crown hotels|fresh market|swift rentals|"
    "the housing office|clear broadband|the billing department|bright electric|coastal bank|summit insurance|"
    "the surgery|parcel point|the front desk|capital finance|westside pharmacy|the warranty department|"
    "silverline|amazon|netflix|google|walmart|the council|the water board|the gas company|head office|"
    "the complaints team|human resources|the library|the leisure centre|the garden centre|the job centre|"
    "the post office|the vet|the optician|the hearing clinic|the children's ward|the fracture clinic|"
    "student services|the admissions office|the ticket office|lost property|the parking office|the tax office|"
    "the passport office|the courthouse|pioneer mutual|anchor savings|lighthouse pensions|evergreen energy|"
    "redbrick lettings|keystone mortgages|atlas removals|beacon broadband|orbit mobile|cobalt airways|"
    "meridian rail|compass car hire|harvest foods|corner bakery|copper kettle cafe|riverside motors|"
    "highland spring water|golden dragon takeaway|speedy glass|toolbox direct|pet palace|book barn|"
    "fit club|the climbing wall|sunny days nursery|oakwood primary|the sixth form college|city cabs|"
    "night owl security|crystal cleaners|green thumb gardening|the roofing firm|the removal company|ikea|ebay|"
    "spotify|youtube|facebook|microsoft|vodafone|tesco|target|costco|fedex|uber|paypal|zoom|whatsapp"
).split("|")
PRODUCTS = (
    "router|laptop|washing machine|blue jacket|kettle|headphones|office chair|printer|tablet|desk lamp|"
    "vacuum cleaner|phone case|running shoes|coffee machine|air fryer|mattress|garden hose|bookshelf|camera|"
    "monitor|dishwasher|fridge freezer|tumble dryer|sofa|wardrobe|dining table|bed frame|rug|curtains|blinds|"
    "lawnmower|hedge trimmer|power drill|ladder|paint|wallpaper|bathroom tiles|boiler|radiator|smoke alarm|"
    "doorbell|security camera|keyboard|mouse|charger|memory card|power bank|smart watch|earbuds|soundbar|"
    "projector|games console|controller|tent|sleeping bag|rucksack|suitcase|bicycle|helmet|scooter|pushchair|"
    "car seat|cot|high chair|nappies|puzzle|train set|doll's house|trampoline|paddling pool|barbecue|parasol|"
    "raincoat|wellies|sandals|boots|jumper|cardigan|jeans|wedding dress|tie|handbag|umbrella|sunglasses|watch|"
    "necklace|perfume|shampoo|razor|hairdryer|toothbrush|hearing aid|walking stick|blood pressure monitor|"
    "inhaler|bandages|dog food|cat litter|fish tank|bird seed|compost|roses|greenhouse|fence panels|gravel|"
    "screen protector|ink cartridges|stapler|whiteboard|filing cabinet|headset|sim card|set top box|modem|"
    "exhaust|brake pads|windscreen|tyres|battery|roof rack|engine oil"
).split("|")
FOODS = (
    "milk|eggs|a large pepperoni pizza|oat milk|bananas|bread|two lattes|chicken soup|rice|cheddar cheese|"
    "green tea|a cheeseburger|fish and chips|orange juice|pasta|tomatoes|yoghurt|a turkey sandwich|ice cream|"
    "onions|a flat white|an espresso|a decaf cappuccino|hot chocolate|sparkling water|a veggie wrap|"
    "chicken tikka masala|pad thai|two spring rolls|miso soup|a poke bowl|falafel|hummus|olives|jollof rice|"
    "plantain|samosas|naan bread|biryani|dosa|tacos|a burrito|nachos|guacamole|bagels|croissants|porridge|"
    "cornflakes|bacon|sausages|black pudding|baked beans|mushrooms|avocado|spinach|broccoli|carrots|potatoes|"
    "leeks|a cucumber|red peppers|chillies|coriander|basil|garlic|lentils|chickpeas|noodles|tofu|prawns|salmon|"
    "cod|tuna|lamb chops|minced beef|a roast chicken|turkey|gravy|stuffing|apple pie|custard|brownies|"
    "a birthday cake|doughnuts|popcorn|crisps|chocolate|liquorice|honey|marmalade|peanut butter|jam|butter|"
    "cream|goat's cheese|parmesan|flour|sugar|salt|vinegar|olive oil|ketchup|mayonnaise|soy sauce|red wine|"
    "lager|cider|lemonade|ginger beer|tea bags|grapes|mangoes|a pineapple|strawberries|lemons|dates|walnuts"
).split("|")
SONGS = (
    "some jazz|relaxing music|the morning mix|rain sounds|classic rock|that new album|my workout playlist|"
    "the news|a podcast about history|christmas songs|lullabies|summer hits|slow piano|dance music|"
    "country radio|bluegrass|opera|smooth soul|lo fi beats|whale song|heavy metal|a true crime podcast|"
    "the cricket commentary|the shipping forecast|bedtime stories|an audiobook|the top forty|afrobeats|reggae|"
    "the film soundtrack|eighties pop|gospel|string quartets|party music|white noise|the next track|that song|"
    "the live version|the playlist for running|brass bands|salsa|flamenco|disco|punk|folk songs|nursery rhymes|"
    "the football|the weather forecast|a meditation|the second episode|the album from last year|piano covers"
).split("|")
DEVICES = (
    "kitchen light|bedroom lamp|heating|television|fan|thermostat|garage door|hallway lights|speaker|oven|"
    "dishwasher|front door lock|air conditioning|porch light|coffee maker|robot vacuum|blinds|radio|alarm|"
    "heater"
).split("|")
WEATHER = "rain snow sun wind fog thunder ice hail heat frost".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
